import { describe, expect, test } from 'vitest';
import { filterOf } from './resources/filter.ts';

const it = {
  name: 'gw-1',
  type: 'Microsoft.Compute/virtualMachines',
  location: 'westeurope',
  group: 'prod',
  tags: { 'skein-key': "o'brien and sons", Team: 'net' },
};

describe('a filter of resources', () => {
  test.each<[string | null, boolean]>([
    [null, true],
    ["tagName eq 'skein-key'", true],
    ["tagName eq 'skein-key' and tagValue eq 'o''brien and sons'", true],
    ["tagName eq 'skein-key' and tagValue eq 'other'", false],
    ["tagName eq 'team' and tagValue eq 'net'", true],
    ["tagName eq 'none'", false],
    ["resourceType eq 'microsoft.compute/virtualmachines'", true],
    ["resourceType ne 'Microsoft.Compute/virtualMachines'", false],
    ["resourceGroup eq 'prod' and location eq 'westeurope'", true],
    ["resourceGroup eq 'prod' and name eq 'gw-2'", false],
  ])('%s', (text, fits) => {
    const query = new URLSearchParams(text === null ? {} : { $filter: text });
    expect(filterOf(query)(it)).toBe(fits);
  });

  test.each(["size eq 'large'", 'name eq gw-1', "tagValue eq 'x'", "name gt 'a'"])('%s is none', (text) => {
    expect(() => filterOf(new URLSearchParams({ $filter: text }))).toThrow(/Invalid \$filter/);
  });
});
