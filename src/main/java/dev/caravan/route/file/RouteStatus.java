package dev.caravan.route.file;

import java.util.List;

/** How the route files stand. Safe for any thread; never blocks. */
public interface RouteStatus {

  /**
   * Every file that runs or is on disk, in the order of loading; each answer is immutable. Those
   * that were deleted are not among them.
   */
  List<RouteFileStatus> files();

  /** Whether what is on disk is what runs. */
  boolean inSync();
}
