import { expect, test } from 'vitest';
import { unitUsd, usd } from './words.ts';

test('amounts have cents, unit prices the places they need', () => {
  expect([usd(0), usd(92.9), usd(1234.567)]).toEqual(['$0.00', '$92.90', '$1234.57']);
  expect([unitUsd(0.5), unitUsd(0.0208), unitUsd(0.016751), unitUsd(0)]).toEqual([
    '$0.50',
    '$0.0208',
    '$0.016751',
    '$0.00',
  ]);
});
