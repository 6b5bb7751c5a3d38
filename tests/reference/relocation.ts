// Opacity and scale of n Gaussians that take the place of one of opacity o (Kheradmand et al. 2024, 3DGS as MCMC).

/** The opacity of each: together they are as opaque at the centre. */
export function sharedOpacity(o: number, n: number): number {
  return 1 - (1 - o) ** (1 / n);
}

/** The factor on the scales of each, o / Σ (−1)^(j+1) C(n, j) o'^j / √j. */
export function relocationScale(o: number, shared: number, n: number): number {
  let sum = 0;
  let term = -1;
  for (let j = 1; j <= n; j++) {
    term *= -shared * (n - j + 1) / j;
    sum += term / Math.sqrt(j);
  }
  return o / sum;
}
