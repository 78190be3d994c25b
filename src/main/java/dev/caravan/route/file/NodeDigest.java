package dev.caravan.route.file;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.IdentityHashMap;
import java.util.List;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/**
 * What a part of a route file says, in one word: two parts with the same digest say the same,
 * however they are indented, quoted or commented.
 */
final class NodeDigest {
  // An alias leads to its anchor's node again: each is read once, however often it is meant.
  private final IdentityHashMap<Node, String> known = new IdentityHashMap<>();

  /** The digest of a node and everything below it. */
  String of(Node node) {
    String digest = known.get(node);
    if (digest == null) {
      known.put(node, "within itself");
      digest = read(node);
      known.put(node, digest);
    }
    return digest;
  }

  private String read(Node node) {
    StringBuilder text = new StringBuilder(node.getTag().getValue());
    if (node instanceof ScalarNode scalar) {
      text.append(" = ").append(scalar.getValue());
    } else if (node instanceof SequenceNode list) {
      for (Node element : list.getValue()) {
        text.append("\n- ").append(of(element));
      }
    } else if (node instanceof MappingNode mapping) {
      for (NodeTuple entry : mapping.getValue()) {
        text.append('\n').append(of(entry.getKeyNode()));
        text.append(" : ").append(of(entry.getValueNode()));
      }
    }
    return of(List.of(text.toString()));
  }

  /** The digest of several texts, digests among them, in that order. */
  static String of(List<String> parts) {
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      for (String part : parts) {
        byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
        sha.update((bytes.length + ":").getBytes(StandardCharsets.US_ASCII));
        sha.update(bytes);
      }
      return HexFormat.of().formatHex(sha.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
