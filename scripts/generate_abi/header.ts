// Parses the constants, structs and functions of cuda/tame.h. The header uses a small subset of C; anything else is an
// error with its line.

/** A type of a struct's field or of a parameter that is passed by value. */
export type ScalarType = "i8" | "u8" | "i16" | "u16" | "i32" | "u32" | "i64" | "u64" | "f32" | "f64";

/** A numeric constant. */
export interface HeaderConstant {
  /** With `TAME_`. */
  name: string;
  value: number;
  /** The value as the header spells it, without suffix. */
  text: string;
  /** Increases if other declarations are between two constants. */
  group: number;
}

/** A field of a struct. */
export interface HeaderField {
  name: string;
  type: ScalarType | "char";
  /** Elements of an array; undefined if the field is not an array. */
  length?: number;
  /** The constant that states the length, if any. */
  lengthName?: string;
}

/** A struct whose fields the header shows. */
export interface HeaderStruct {
  name: string;
  fields: HeaderField[];
}

/** A parameter of a function. */
export interface HeaderParameter {
  name: string;
  /** `pointer` for handles, `buffer` for every other pointer. */
  type: ScalarType | "pointer" | "buffer";
  /** The handle's C type, if it is a handle. */
  handle?: string;
}

/** How a function is called: `also nonblocking` under a second name. */
export type Blocking = "blocking" | "nonblocking" | "also nonblocking";

/** A function. */
export interface HeaderFunction {
  name: string;
  parameters: HeaderParameter[];
  result: ScalarType | "pointer";
  blocking: Blocking;
}

/** A row of the table of parameters. */
export interface HeaderTableRow {
  name: string;
  /** Floats of a Gaussian, and more for each coefficient of the spherical harmonics above degree 0. */
  floats: number;
  shFloats: number;
  /** Default learning rate. */
  rate: number;
  /** Columns of a PLY; `#` stands for 0, 1, 2, … */
  plyColumns: string;
}

/** What the header declares, in its order. */
export interface Header {
  constants: HeaderConstant[];
  parameters: HeaderTableRow[];
  structs: HeaderStruct[];
  functions: HeaderFunction[];
}

const SCALARS: Record<string, ScalarType> = {
  int8_t: "i8",
  uint8_t: "u8",
  int16_t: "i16",
  uint16_t: "u16",
  int32_t: "i32",
  uint32_t: "u32",
  int64_t: "i64",
  uint64_t: "u64",
  float: "f32",
  double: "f64",
};

const ANNOTATIONS: Record<string, Blocking> = {
  TAME_NONBLOCKING: "nonblocking",
  TAME_ALSO_NONBLOCKING: "also nonblocking",
};

/** Macros that are not constants: the include guard and those before a declaration. */
const MACROS = ["TAME_H", "TAME_API", "TAME_PARAMETER_IDENTIFIER", ...Object.keys(ANNOTATIONS)];

/** The macro with the table of parameters, and the enum of its rows. */
const TABLE = "TAME_PARAMETER_TABLE";
const IDENTIFIERS = `enum { ${TABLE} ( TAME_PARAMETER_IDENTIFIER ) TAME_PARAMETERS } ;`;

/** Parses the text of the header. Throws a SyntaxError that names the line it does not understand. */
export function parseHeader(text: string): Header {
  return new Parser(tokensOf(text)).parse();
}

interface Token {
  text: string;
  line: number;
  kind: "define" | "word" | "sign" | "end";
}

function unknown(line: number, what: string): SyntaxError {
  return new SyntaxError(`cuda/tame.h:${line}: ${what}`);
}

/** Words and signs without comments; a #define is one token. */
function tokensOf(text: string): Token[] {
  const bare = text.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]+/g, " "))
    .replace(/(?:.*\\\n)+.*/g, (lines) => lines.replace(/\\\n/g, " ") + "\n".repeat(lines.split("\n").length - 1));
  const tokens: Token[] = [];
  const lines = bare.split("\n");
  let inCpp = false;
  lines.forEach((source, index) => {
    const line = index + 1;
    if (/^\s*#/.test(source)) {
      const directive = source.trim();
      if (directive === "#ifdef __cplusplus") inCpp = true;
      else if (directive === "#endif") inCpp = false;
      else if (/^#define\s/.test(directive)) tokens.push({ text: directive, line, kind: "define" });
      else if (!/^#(include <\w+\.h>|ifndef \w+|if defined\(\w+\)|else)$/.test(directive)) {
        throw unknown(line, `unknown directive: ${directive}`);
      }
      return;
    }
    if (inCpp) return;
    for (const [part] of source.matchAll(/\w+|[^\w\s]/g)) {
      tokens.push({ text: part, line, kind: /\w/.test(part) ? "word" : "sign" });
    }
  });
  return [...tokens, { text: "the end of the file", line: lines.length, kind: "end" }];
}

class Parser {
  readonly #tokens: Token[];
  #at = 0;
  readonly #header: Header = { constants: [], parameters: [], structs: [], functions: [] };
  readonly #handles = new Set<string>();
  readonly #aliases = new Map<string, ScalarType>(Object.entries(SCALARS));
  readonly #names = new Set<string>();
  readonly #rowNames: string[] = [];
  #group = 0;

  constructor(tokens: Token[]) {
    this.#tokens = tokens;
  }

  parse(): Header {
    for (let token = this.#next; token.kind !== "end"; token = this.#next) {
      if (token.kind === "define") {
        this.#constant(this.#take());
        continue;
      }
      this.#group++;
      if (token.text === "typedef") this.#typedef();
      else if (token.text === "enum") this.#parameterIdentifiers();
      else this.#function();
    }
    return this.#header;
  }

  get #next(): Token {
    return this.#tokens[this.#at];
  }

  #take(): Token {
    return this.#tokens[this.#at++];
  }

  #takeIf(text: string): boolean {
    if (this.#next.text !== text) return false;
    this.#at++;
    return true;
  }

  #expect(text: string): void {
    const token = this.#take();
    if (token.text !== text) throw unknown(token.line, `expected ${text}, found ${token.text}`);
  }

  #word(what: string): Token {
    const token = this.#take();
    if (token.kind !== "word" || /^\d/.test(token.text)) {
      throw unknown(token.line, `expected ${what}, found ${token.text}`);
    }
    return token;
  }

  /** A name that is declared here, for the first time. */
  #newName(what: string): string {
    const { text, line } = this.#word(what);
    this.#declare(text, line);
    return text;
  }

  #declare(name: string, line: number): void {
    if (this.#names.has(name)) throw unknown(line, `${name} is declared twice`);
    this.#names.add(name);
  }

  // #define TAME_NAME 12u, or the name of an earlier constant.
  #constant({ text, line }: Token): void {
    const [, name, rest] = text.match(/^#define\s+(\w+)\s*(.*)$/)!;
    if (MACROS.includes(name)) return;
    if (name === TABLE) return this.#parameterTable(rest, line);
    if (!name.startsWith("TAME_")) throw unknown(line, `${name} does not begin with TAME_`);
    this.#declare(name, line);
    const { value, text: spelled } = this.#number(rest, line);
    this.#header.constants.push({ name, value, text: spelled, group: this.#group });
  }

  // (ROW) ROW(MEANS, "means", 3, 0, 1.6e-4f, "x y z") …
  #parameterTable(text: string, line: number): void {
    const row = /\s*ROW\((\w+), "(\w+)", (\d+), (\d+), ([\d.e-]+)f, "([^"]+)"\)/y;
    row.lastIndex = "(ROW)".length;
    for (let match = row.exec(text); match !== null; match = row.exec(text)) {
      const [, identifier, name, floats, shFloats, rate, plyColumns] = match;
      this.#rowNames.push(identifier);
      this.#header.parameters.push({
        name,
        floats: Number(floats),
        shFloats: Number(shFloats),
        rate: Number(rate),
        plyColumns,
      });
    }
    const end = this.#header.parameters.length === 0 ? "(ROW)".length : text.lastIndexOf(")") + 1;
    if (!text.startsWith("(ROW)") || this.#rowNames.length !== text.split("ROW(").length - 1 || end !== text.length) {
      throw unknown(line, `${TABLE} has a row of another form than ROW(NAME, "name", 1, 0, 1e-3f, "columns")`);
    }
  }

  #parameterIdentifiers(): void {
    for (const word of IDENTIFIERS.split(" ")) this.#expect(word);
    const names = [...this.#rowNames.map((name) => `TAME_PARAMETER_${name}`), "TAME_PARAMETERS"];
    names.forEach((name, value) => {
      this.#declare(name, this.#next.line);
      this.#header.constants.push({ name, value, text: String(value), group: this.#group });
    });
  }

  #number(text: string, line: number): { value: number; text: string } {
    const named = this.#header.constants.find(({ name }) => name === text);
    if (named !== undefined) return named;
    const [, digits] = text.match(/^(0x[0-9a-fA-F]+|0|[1-9]\d*)(?:u|U|ull|ULL)?$/) ?? [];
    if (digits === undefined) {
      throw unknown(line, `expected a number or an earlier constant, found ${text || "nothing"}`);
    }
    const value = Number(digits);
    if (!Number.isSafeInteger(value)) throw unknown(line, `${text} is more than a JavaScript number holds exactly`);
    return { value, text: digits };
  }

  #typedef(): void {
    this.#expect("typedef");
    if (!this.#takeIf("struct")) {
      const type = this.#scalar();
      this.#aliases.set(this.#newName("a type's name"), type);
      this.#expect(";");
      return;
    }
    const { text: tag, line } = this.#word("a struct's name");
    const fields = this.#takeIf("{") ? this.#fields() : undefined;
    const name = this.#newName("a struct's name");
    if (name !== tag) throw unknown(line, `struct ${tag} has a second name, ${name}`);
    this.#expect(";");
    if (fields === undefined) this.#handles.add(name);
    else this.#header.structs.push({ name, fields });
  }

  #fields(): HeaderField[] {
    const fields: HeaderField[] = [];
    while (!this.#takeIf("}")) {
      const type = this.#takeIf("char") ? "char" as const : this.#scalar();
      do fields.push(this.#field(type, fields)); while (this.#takeIf(","));
      this.#expect(";");
    }
    return fields;
  }

  #field(type: HeaderField["type"], before: HeaderField[]): HeaderField {
    const { text: name, line } = this.#word("a field's name");
    if (before.some((field) => field.name === name)) throw unknown(line, `field ${name} is declared twice`);
    if (!this.#takeIf("[")) return { name, type };
    const size = this.#take();
    const { value: length } = this.#number(size.text, size.line);
    this.#expect("]");
    return size.text.startsWith("TAME_") ? { name, type, length, lengthName: size.text } : { name, type, length };
  }

  #scalar(): ScalarType {
    const { text, line } = this.#word("a type");
    const type = this.#aliases.get(text);
    if (type === undefined) throw unknown(line, `unknown type ${text}`);
    return type;
  }

  #function(): void {
    const annotation = ANNOTATIONS[this.#next.text];
    if (annotation !== undefined) this.#at++;
    this.#expect("TAME_API");
    const { line } = this.#next;
    const result = this.#type();
    if (result.type === "buffer") throw unknown(line, "a function returns a number or a handle");
    const name = this.#newName("a function's name");
    this.#expect("(");
    const parameters = this.#parameters();
    this.#expect(";");
    this.#header.functions.push({ name, parameters, result: result.type, blocking: annotation ?? "blocking" });
  }

  #parameters(): HeaderParameter[] {
    if (this.#next.text === "void" && this.#tokens[this.#at + 1].text === ")") {
      this.#at += 2;
      return [];
    }
    const parameters: HeaderParameter[] = [];
    do {
      const type = this.#type();
      const { text: name, line } = this.#word("a parameter's name");
      if (parameters.some((parameter) => parameter.name === name)) {
        throw unknown(line, `parameter ${name} is declared twice`);
      }
      parameters.push({ name, ...type });
    } while (this.#takeIf(","));
    this.#expect(")");
    return parameters;
  }

  // A scalar, or one level of pointer to a handle, a struct, a scalar, char or void.
  #type(): Omit<HeaderParameter, "name"> {
    this.#takeIf("const");
    const { text, line } = this.#word("a type");
    if (!this.#takeIf("*")) {
      const type = this.#aliases.get(text);
      if (type === undefined) throw unknown(line, `${text} cannot be passed by value`);
      return { type };
    }
    if (this.#handles.has(text)) return { type: "pointer", handle: text };
    const data = ["void", "char"].includes(text) || this.#aliases.has(text) ||
      this.#header.structs.some(({ name }) => name === text);
    if (!data) throw unknown(line, `unknown type ${text}`);
    return { type: "buffer" };
  }
}
