package dev.caravan.select;

/**
 * The eligible servers of one snapshot, in the order they were offered, each with its score. Lent
 * to a {@link Picker} for one call; belongs to the thread that makes the selection.
 */
public final class Candidates {
  private BackendView[] views = new BackendView[0];
  private double[] scores = new double[0];
  private int size;
  private int offered;
  private boolean warming;

  Candidates() {}

  /** How many are eligible. */
  public int size() {
    return size;
  }

  /** How many were offered, eligible or not. */
  public int offered() {
    return offered;
  }

  /** The numbers of the server at that position among the eligible. */
  public BackendView view(int position) {
    if (position >= size) {
      throw new IndexOutOfBoundsException("position " + position + " of " + size + " eligible");
    }
    return views[position];
  }

  /** Its score, from 0 to 1; 1 for everyone where the row has no scorers. */
  public double score(int position) {
    return scores[position];
  }

  /** Whether the share of at least one of them is not the whole one. */
  public boolean warming() {
    return warming;
  }

  /** Starts over, with room for everyone who is offered. */
  void clear(int nowOffered) {
    if (views.length < nowOffered) {
      views = new BackendView[nowOffered];
      scores = new double[nowOffered];
    }
    size = 0;
    offered = nowOffered;
    warming = false;
  }

  void add(BackendView view, double score) {
    views[size] = view;
    scores[size] = score;
    size++;
    warming |= view.share() < 1;
  }
}
