import { describe, expect, it } from 'vitest';
import { keyOf, passingCredentials } from './passing-credentials.ts';

describe('passing credentials', () => {
  it('are held until five minutes before they end', () => {
    let now = 0;
    const held = passingCredentials<string>(() => now);
    held.keep('a', 'first', 3_600_000);
    now = 3_299_999;
    expect(held.get('a')).toBe('first');
    now = 3_300_000;
    expect(held.get('a')).toBeUndefined();
    expect(held.get('b')).toBeUndefined();
  });

  it('of one organization never serve another', () => {
    const held = passingCredentials<string>(() => 0);
    held.keep(keyOf('role', 'org_a'), 'keys', 3_600_000);
    expect(held.get(keyOf('role', 'org_b'))).toBeUndefined();
    expect(keyOf('a', 'b')).not.toBe(keyOf('a","b'));
    expect(keyOf(null)).not.toBe(keyOf('null'));
  });
});
