/** Who may take a request: each filter knows one ground for passing a server over. */
@NullMarked
package dev.caravan.select.filter;

import org.jspecify.annotations.NullMarked;
