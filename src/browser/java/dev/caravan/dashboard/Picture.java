package dev.caravan.dashboard;

import java.awt.Color;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;

/**
 * A screenshot made small, by means over squares, and how far it is from another. At a fifth of its
 * size one sees where things are and what colour they have, and hardly which font wrote them: the
 * fonts of two machines differ, and the page brings none.
 */
final class Picture {
  private static final int TIMES = 5;

  /** Squares of this many small points are compared by their means; about a word's size. */
  private static final int SQUARE = 8;

  private final BufferedImage small;

  private Picture(BufferedImage small) {
    this.small = small;
  }

  /** Of a screenshot. */
  static Picture of(byte[] png) {
    try {
      BufferedImage large = ImageIO.read(new ByteArrayInputStream(png));
      BufferedImage small =
          new BufferedImage(
              large.getWidth() / TIMES, large.getHeight() / TIMES, BufferedImage.TYPE_INT_RGB);
      for (int y = 0; y < small.getHeight(); y++) {
        for (int x = 0; x < small.getWidth(); x++) {
          small.setRGB(x, y, mean(large, x * TIMES, y * TIMES, TIMES).getRGB());
        }
      }
      return new Picture(small);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** From a file that {@link #write} wrote. */
  static Picture read(Path file) {
    try {
      return new Picture(ImageIO.read(file.toFile()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void write(Path file) {
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
      ImageIO.write(small, "png", file.toFile());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The share of squares that look different, from 0 to 1; 1 for pictures of different sizes. */
  double distance(Picture other) {
    if (small.getWidth() != other.small.getWidth()
        || small.getHeight() != other.small.getHeight()) {
      return 1;
    }
    int all = 0;
    int different = 0;
    for (int y = 0; y + SQUARE <= small.getHeight(); y += SQUARE) {
      for (int x = 0; x + SQUARE <= small.getWidth(); x += SQUARE) {
        all++;
        if (differ(mean(small, x, y, SQUARE), mean(other.small, x, y, SQUARE))) {
          different++;
        }
      }
    }
    return (double) different / all;
  }

  /** 12 of 255 in one colour: a line of text that is there or not makes about 20. */
  private static boolean differ(Color a, Color b) {
    return Math.max(
            Math.abs(a.getRed() - b.getRed()),
            Math.max(Math.abs(a.getGreen() - b.getGreen()), Math.abs(a.getBlue() - b.getBlue())))
        > 12;
  }

  private static Color mean(BufferedImage image, int left, int top, int size) {
    int red = 0;
    int green = 0;
    int blue = 0;
    for (int y = top; y < top + size; y++) {
      for (int x = left; x < left + size; x++) {
        int rgb = image.getRGB(x, y);
        red += rgb >> 16 & 255;
        green += rgb >> 8 & 255;
        blue += rgb & 255;
      }
    }
    int count = size * size;
    return new Color(red / count, green / count, blue / count);
  }
}
