package dev.caravan.request;

/**
 * Where a body has its prompt, and how long that is.
 *
 * @param start the prompt field's first byte, from the body's first
 * @param openingBytes how many bytes from there say which conversation it belongs to; 0 for none
 * @param toolsStart likewise, of the tools
 * @param toolsBytes the size of their JSON; 0 for none
 * @param tokens about how many tokens both have together
 */
record PromptPlace(int start, int openingBytes, int toolsStart, int toolsBytes, int tokens) {

  /** There is no prompt. */
  static final PromptPlace NONE = new PromptPlace(0, 0, 0, 0, 0);
}
