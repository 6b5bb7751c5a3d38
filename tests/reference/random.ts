// Seeded random numbers for test scenes: the same on every machine.

/** A stream of random numbers (xorshift, Marsaglia 2003). */
export class Random {
  #state: number;

  /** @param seed Any integer. */
  constructor(seed: number) {
    this.#state = (Math.imul(seed, 0x9E3779B1) ^ 0x5BD1E995) >>> 0 || 1;
    for (let i = 0; i < 8; i++) this.uniform();
  }

  /** Uniform in [low, high). */
  uniform(low = 0, high = 1): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state >>> 0;
    return low + (high - low) * this.#state / 2 ** 32;
  }

  /** Uniform in the logarithm, between two positive numbers. */
  logUniform(low: number, high: number): number {
    return Math.exp(this.uniform(Math.log(low), Math.log(high)));
  }

  /** Normal with mean 0 and standard deviation 1 (Box and Muller 1958). */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }

  /** `length` normal numbers. */
  normals(length: number): number[] {
    return Array.from({ length }, () => this.normal());
  }
}
