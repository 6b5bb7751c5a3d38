// How long tests with random input take: TAME_TEST_LONG=1 asks for their long form.

/** Whether the long form is asked for. */
export const LONG: boolean = Deno.env.get("TAME_TEST_LONG") !== undefined;

/** How often a test repeats itself: a fifth of the long form's number, unless that is asked for. */
export function repetitions(long: number): number {
  return LONG ? long : long / 5;
}
