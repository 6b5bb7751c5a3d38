// Environment variables, read only if permission was already granted.

/** An environment variable; undefined when it is unset, empty, or reading it is not permitted. Never prompts. */
export function environment(variable: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  return state === "granted" ? Deno.env.get(variable) || undefined : undefined;
}
