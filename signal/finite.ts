/** The value, or 0 for NaN and the infinities. */
export function finite(value: number): number {
  return value - value === 0 ? value : 0;
}
