// Addresses in URLs.

/**
 * A host's name or address as URLs have it: IPv6 in brackets.
 *
 * @internal
 */
export function urlHost(hostname: string): string {
  return hostname.includes(":") ? `[${hostname}]` : hostname;
}
