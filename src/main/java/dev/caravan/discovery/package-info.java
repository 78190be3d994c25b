/** Where model servers are found that no route names: DNS, and Kubernetes' EndpointSlices. */
@NullMarked
package dev.caravan.discovery;

import org.jspecify.annotations.NullMarked;
