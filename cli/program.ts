// How the command line is called.

/** The words before a verb: those of a task of the checkout, or the program that `deno compile` made. */
export const PROGRAM: string = Deno.build.standalone ? "tame" : "deno task";
