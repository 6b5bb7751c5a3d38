// What the generators of JSON schemas share.

/** A JSON schema, or a part of one. */
export type Schema = Readonly<Record<string, unknown>>;

/** The draft that editors read. */
export const DIALECT = "http://json-schema.org/draft-07/schema#";
