/**
 * Which addresses a webhook may reach. A member chooses the URL, the request comes from inside the operator's network: so
 * only addresses of the public internet, unless the operator allows others.
 */
import ipaddr from "ipaddr.js";

/** @param address IPv4 or IPv6 as text; IPv4 inside IPv6 counts as the IPv4 address it is */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  // "unicast" is what remains when every special range is taken away: private, loopback, link-local, carrier-grade NAT,
  // documentation, benchmarking, multicast, 6to4, Teredo, NAT64 and so on.
  return ipaddr.process(address).range() === "unicast";
}

/** Text of a URL's host without the brackets of IPv6. */
export function bareHost(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, "");
}
