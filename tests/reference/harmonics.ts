// Real spherical harmonics up to degree 3 in the sign and order of Kerbl et al. 2023, with their gradients, float64.

const C0 = 0.28209479177387814;
const C1 = 0.4886025119029199;
const C2 = [1.0925484305920792, 0.31539156525252005, 0.5462742152960396];
const C3 = [0.5900435899266435, 2.890611442640554, 0.4570457994644658, 0.3731763325901154, 1.445305721320277];

/**
 * Values of the (degree + 1)^2 basis functions in a direction.
 *
 * @param degree 0 to 3.
 * @param direction Unit vector.
 */
export function harmonics(degree: number, [x, y, z]: number[]): number[] {
  return [
    C0,
    -C1 * y,
    C1 * z,
    -C1 * x,
    C2[0] * x * y,
    -C2[0] * y * z,
    C2[1] * (2 * z * z - x * x - y * y),
    -C2[0] * x * z,
    C2[2] * (x * x - y * y),
    -C3[0] * y * (3 * x * x - y * y),
    C3[1] * x * y * z,
    -C3[2] * y * (4 * z * z - x * x - y * y),
    C3[3] * z * (2 * z * z - 3 * x * x - 3 * y * y),
    -C3[2] * x * (4 * z * z - x * x - y * y),
    C3[4] * z * (x * x - y * y),
    -C3[0] * x * (x * x - 3 * y * y),
  ].slice(0, (degree + 1) ** 2);
}

/**
 * Gradients of the polynomials of {@linkcode harmonics} with respect to x, y and z taken as independent.
 *
 * @param degree 0 to 3.
 * @param direction Unit vector.
 */
export function harmonicsGradients(degree: number, [x, y, z]: number[]): number[][] {
  return [
    [0, 0, 0],
    [0, -C1, 0],
    [0, 0, C1],
    [-C1, 0, 0],
    [C2[0] * y, C2[0] * x, 0],
    [0, -C2[0] * z, -C2[0] * y],
    [-2 * C2[1] * x, -2 * C2[1] * y, 4 * C2[1] * z],
    [-C2[0] * z, 0, -C2[0] * x],
    [2 * C2[2] * x, -2 * C2[2] * y, 0],
    [-6 * C3[0] * x * y, -3 * C3[0] * (x * x - y * y), 0],
    [C3[1] * y * z, C3[1] * x * z, C3[1] * x * y],
    [2 * C3[2] * x * y, -C3[2] * (4 * z * z - x * x - 3 * y * y), -8 * C3[2] * y * z],
    [-6 * C3[3] * x * z, -6 * C3[3] * y * z, 3 * C3[3] * (2 * z * z - x * x - y * y)],
    [-C3[2] * (4 * z * z - 3 * x * x - y * y), 2 * C3[2] * x * y, -8 * C3[2] * x * z],
    [2 * C3[4] * x * z, -2 * C3[4] * y * z, C3[4] * (x * x - y * y)],
    [-3 * C3[0] * (x * x - y * y), 6 * C3[0] * x * y, 0],
  ].slice(0, (degree + 1) ** 2);
}
