/** `$12.34`: list prices are in US dollars everywhere. */
export function usd(amount: number): string {
  return `$${amount.toFixed(2)}`;
}

/** A unit price: as many places as it needs, two at the least. */
export function unitUsd(amount: number): string {
  return `$${amount.toFixed(6).replace(/0{1,4}$/, '')}`;
}
