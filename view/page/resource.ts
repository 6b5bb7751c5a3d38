// The URLs of what the page asks for.

const token = new URLSearchParams(location.search).get("token");

/** The URL of a resource of the server, with the token that the page was opened with. */
export function resource(path: string, query: Record<string, string> = {}): string {
  const parameters = new URLSearchParams({ ...query, ...(token === null ? {} : { token }) });
  return parameters.size === 0 ? path : `${path}?${parameters}`;
}
