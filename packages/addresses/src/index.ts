/**
 * Which addresses a request that somebody else chose may reach: those of the public internet. Text only; looking names up is the caller's
 * work, who must connect to the very address that was checked.
 */
import ipaddr from "ipaddr.js";

const globalIpv6 = ipaddr.parseCIDR("2000::/3");

/** @param address IPv4 or IPv6 as text; IPv4 inside IPv6 counts as the IPv4 address it is */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  // "unicast" is what remains when every special range is taken away: private, loopback, link-local, carrier-grade NAT,
  // documentation, benchmarking, multicast, 6to4, Teredo, NAT64 and so on.
  const parsed = ipaddr.process(address);
  // Of IPv6 one eighth is given to the public internet; the rest is also "unicast" there, as IPv4 in its old form (::127.0.0.1).
  return parsed.range() === "unicast" && (parsed.kind() === "ipv4" || parsed.match(globalIpv6));
}

/**
 * The host of a URL that is private by its own words, whatever a name server says: an address that is not public, in any spelling that URLs
 * have for it, or a name of this machine.
 * @returns null when only a look-up can tell
 */
export function privateHost(url: URL): string | null {
  // The parser of URLs has made one spelling of 0x7f.1, 2130706433, 0177.0.0.1 and full-width digits by now.
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (ipaddr.isValid(host)) return isPublicAddress(host) ? null : host;
  return /(^|\.)localhost\.?$/.test(host) ? host : null;
}
