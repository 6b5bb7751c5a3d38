// Nearest neighbours by looking at every other point, float64.

/**
 * Mean squared distance of one point to its nearest other points, over those there are (0 for a lone point).
 *
 * @param points 3N coordinates.
 * @param query Index of the point.
 * @param neighbours How many; 3 when absent.
 */
export function meanDist2Reference(points: ArrayLike<number>, query: number, neighbours = 3): number {
  const [x, y, z] = [points[3 * query], points[3 * query + 1], points[3 * query + 2]];
  const nearest: number[] = [];
  for (let other = 0; other < points.length / 3; other++) {
    if (other === query) continue;
    const dist2 = (points[3 * other] - x) ** 2 + (points[3 * other + 1] - y) ** 2 + (points[3 * other + 2] - z) ** 2;
    if (nearest.length === neighbours && dist2 >= nearest[neighbours - 1]) continue;
    nearest.push(dist2);
    nearest.sort((a, b) => a - b);
    nearest.length = Math.min(nearest.length, neighbours);
  }
  return nearest.reduce((sum, dist2) => sum + dist2, 0) / Math.max(nearest.length, 1);
}
