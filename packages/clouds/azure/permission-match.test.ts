import fc from 'fast-check';
import { expect, it } from 'vitest';
import { allows, matches } from './permission-match.ts';

it.each([
  ['*', 'Microsoft.Network/virtualNetworks/write', true],
  ['*/read', 'Microsoft.Network/virtualNetworks/read', true],
  ['*/read', 'Microsoft.Network/virtualNetworks/write', false],
  ['Microsoft.Network/*', 'microsoft.network/virtualNetworks/subnets/join/action', true],
  ['Microsoft.Network/*', 'Microsoft.Networking/x/read', false],
  ['Microsoft.Network/*/read', 'Microsoft.Network/virtualNetworks/read', true],
  ['Microsoft.Compute/virtualMachines/*', 'Microsoft.Compute/virtualMachines/start/action', true],
  ['Microsoft.Compute/virtualMachines/read', 'Microsoft.Compute/virtualMachines/read', true],
  ['Microsoft.Compute/virtualMachines/read', 'Microsoft.Compute/virtualMachines/readers', false],
  ['Microsoft.Compute/*/*/action', 'Microsoft.Compute/virtualMachines/start/action', true],
  ['a*a', 'a', false],
  ['', 'x', false],
])('%s covers %s: %s', (pattern, action, covered) => {
  expect(matches(pattern, action)).toBe(covered);
});

it('takes nothing in a pattern but the asterisk for more than itself', () => {
  const text = fc.stringMatching(/^[a-zA-Z./+()[\]?$^|\\]{0,12}$/);
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(matches(a, b)).toBe(a.toLowerCase() === b.toLowerCase());
      expect(matches(`${a}*${b}`, `${a}between${b}`)).toBe(true);
    }),
  );
});

it('takes out of a role what it says it does not give, and nothing out of another role', () => {
  const contributor = { actions: ['*'], notActions: ['Microsoft.Authorization/*/Write'] };
  expect(allows([contributor], 'Microsoft.Network/virtualNetworks/write')).toBe(true);
  expect(allows([contributor], 'Microsoft.Authorization/roleAssignments/write')).toBe(false);
  const administrator = { actions: ['Microsoft.Authorization/*'] };
  expect(allows([contributor, administrator], 'Microsoft.Authorization/roleAssignments/write')).toBe(true);
  expect(allows([], 'x')).toBe(false);
});
