package dev.caravan.select;

import org.jspecify.annotations.Nullable;

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
  private boolean asked;
  private Picker.@Nullable Rule rule;
  private int detail;

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

  /** The share that counts as the whole one: the largest there is. */
  public double whole() {
    double largest = 0;
    for (int i = 0; i < size; i++) {
      largest = Math.max(largest, views[i].share());
    }
    return largest;
  }

  /** Whether the share of at least one of them is not the whole one. */
  public boolean warming() {
    return warming;
  }

  /**
   * A picker says how it has chosen; kept only where somebody wants to know.
   *
   * @param how its rule
   * @param number what the rule says, from 0; -1 for nothing
   */
  public void because(Picker.Rule how, int number) {
    if (asked) {
      rule = how;
      detail = number;
    }
  }

  /** Whether somebody wants to know how a choice among these comes about. */
  void asked(boolean why) {
    asked = why;
    rule = null;
    detail = -1;
  }

  /** How the last choice came about, since somebody wants to know; null before one. */
  Picker.@Nullable Rule rule() {
    return rule;
  }

  /** The number that belongs to {@link #rule}. */
  int detail() {
    return detail;
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
