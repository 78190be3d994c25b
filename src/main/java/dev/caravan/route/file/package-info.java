/** Route files: found, read, checked line by line, compared, and what became of each. */
@NullMarked
package dev.caravan.route.file;

import org.jspecify.annotations.NullMarked;
