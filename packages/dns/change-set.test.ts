import { describe, expect, it } from 'vitest';
import {
  changeSet,
  type NameChange,
  othersRecords,
  ownedRecords,
  type RecordSet,
  sizeOf,
} from './change-set.ts';

const zone = 'shop.test';
const set = (name: string, type: string, ...values: string[]): RecordSet => ({
  name,
  type,
  ttlSeconds: 60,
  values,
  plain: true,
});
const mark = (name: string, owner: string): RecordSet => ({
  ...set(`_skein.${name}`, 'TXT', `"owner=${owner}"`),
  ttlSeconds: 300,
});
const want = (name: string, ...addresses: string[]) => ({ name, addresses, ttlSeconds: 60 });
const apex = [set(zone, 'NS', 'ns1.test.'), set(zone, 'SOA', 'ns1.test. me.test. 1 2 3 4 5')];
const decide = (current: RecordSet[], ...wanted: ReturnType<typeof want>[]) =>
  changeSet({ zone, networkId: 'net_1', current: [...apex, ...current], wanted });

describe('changeSet', () => {
  it.each<{ name: string; current: RecordSet[]; wanted: ReturnType<typeof want>[]; changes: NameChange[] }>([
    { name: 'an empty zone and nothing wanted', current: [], wanted: [], changes: [] },
    {
      name: 'a new name',
      current: [],
      wanted: [want('a.shop.test', '2.2.2.2', '1.1.1.1')],
      changes: [
        {
          name: 'a.shop.test',
          remove: [],
          add: [mark('a.shop.test', 'net_1'), set('a.shop.test', 'A', '1.1.1.1', '2.2.2.2')],
        },
      ],
    },
    {
      name: 'what is there already, in another order, case and with a last dot',
      current: [mark('a.shop.test', 'net_1'), set('a.shop.test', 'A', '2.2.2.2', '1.1.1.1')],
      wanted: [want('A.Shop.Test.', '1.1.1.1', '2.2.2.2')],
      changes: [],
    },
    {
      name: 'another address',
      current: [mark('a.shop.test', 'net_1'), set('a.shop.test', 'A', '1.1.1.1')],
      wanted: [want('a.shop.test', '3.3.3.3')],
      changes: [
        {
          name: 'a.shop.test',
          remove: [set('a.shop.test', 'A', '1.1.1.1')],
          add: [set('a.shop.test', 'A', '3.3.3.3')],
        },
      ],
    },
    {
      name: 'another TTL',
      current: [mark('a.shop.test', 'net_1'), { ...set('a.shop.test', 'A', '1.1.1.1'), ttlSeconds: 5 }],
      wanted: [want('a.shop.test', '1.1.1.1')],
      changes: [
        {
          name: 'a.shop.test',
          remove: [{ ...set('a.shop.test', 'A', '1.1.1.1'), ttlSeconds: 5 }],
          add: [set('a.shop.test', 'A', '1.1.1.1')],
        },
      ],
    },
    {
      name: 'an address record that somebody deleted',
      current: [mark('a.shop.test', 'net_1')],
      wanted: [want('a.shop.test', '1.1.1.1')],
      changes: [{ name: 'a.shop.test', remove: [], add: [set('a.shop.test', 'A', '1.1.1.1')] }],
    },
    {
      name: 'a name no longer wanted, and one left without its address record',
      current: [
        mark('a.shop.test', 'net_1'),
        set('a.shop.test', 'A', '1.1.1.1'),
        mark('b.shop.test', 'net_1'),
      ],
      wanted: [],
      changes: [
        {
          name: 'a.shop.test',
          remove: [set('a.shop.test', 'A', '1.1.1.1'), mark('a.shop.test', 'net_1')],
          add: [],
        },
        { name: 'b.shop.test', remove: [mark('b.shop.test', 'net_1')], add: [] },
      ],
    },
    {
      name: 'a record without addresses, which is as good as none',
      current: [mark('a.shop.test', 'net_1'), set('a.shop.test', 'A', '1.1.1.1')],
      wanted: [want('a.shop.test')],
      changes: [
        {
          name: 'a.shop.test',
          remove: [set('a.shop.test', 'A', '1.1.1.1'), mark('a.shop.test', 'net_1')],
          add: [],
        },
      ],
    },
    {
      name: 'others’ records and another network’s, none of them wanted',
      current: [
        set('mail.shop.test', 'MX', '10 mx.test.'),
        mark('b.shop.test', 'net_2'),
        set('b.shop.test', 'A', '9.9.9.9'),
      ],
      wanted: [],
      changes: [],
    },
    {
      name: 'the apex beside its own NS and SOA',
      current: [],
      wanted: [want(zone, '1.1.1.1')],
      changes: [{ name: zone, remove: [], add: [mark(zone, 'net_1'), set(zone, 'A', '1.1.1.1')] }],
    },
    {
      name: 'a removed name where somebody added a record of another type: that one stays',
      current: [
        mark('a.shop.test', 'net_1'),
        set('a.shop.test', 'A', '1.1.1.1'),
        set('a.shop.test', 'TXT', '"theirs"'),
      ],
      wanted: [],
      changes: [
        {
          name: 'a.shop.test',
          remove: [set('a.shop.test', 'A', '1.1.1.1'), mark('a.shop.test', 'net_1')],
          add: [],
        },
      ],
    },
  ])('for $name', ({ current, wanted, changes }) => {
    expect(decide(current, ...wanted)).toEqual({ changes, refused: [] });
  });

  it.each<{ name: string; current: RecordSet[]; reason: string; asked?: string }>([
    {
      name: 'another network’s name',
      current: [mark('a.shop.test', 'net_2'), set('a.shop.test', 'A', '9.9.9.9')],
      reason: 'net_2',
    },
    { name: 'a name made by hand', current: [set('a.shop.test', 'A', '9.9.9.9')], reason: 'A record' },
    { name: 'a name that only has mail', current: [set('a.shop.test', 'MX', '10 mx.test.')], reason: 'MX' },
    { name: 'a delegated name', current: [set('a.shop.test', 'NS', 'ns.other.')], reason: 'NS' },
    {
      name: 'an ownership record of another form',
      current: [set('_skein.a.shop.test', 'TXT', '"hello"')],
      reason: '_skein.a.shop.test',
    },
    {
      name: 'two owners',
      current: [set('_skein.a.shop.test', 'TXT', '"owner=net_1"', '"owner=net_2"')],
      reason: 'net_1',
    },
    {
      name: 'ours, turned into an alias',
      current: [mark('a.shop.test', 'net_1'), { ...set('a.shop.test', 'A'), plain: false }],
      reason: 'another kind',
    },
    {
      name: 'ours, turned into a CNAME',
      current: [mark('a.shop.test', 'net_1'), set('a.shop.test', 'CNAME', 'x.')],
      reason: 'CNAME',
    },
    { name: 'a name of another zone', current: [], asked: 'a.notshop.test', reason: 'not in the zone' },
  ])('refuses $name and does the others', ({ current, reason, asked = 'a.shop.test' }) => {
    const decided = decide(current, want(asked, '1.1.1.1'), want('z.shop.test', '2.2.2.2'));
    expect(decided.refused).toEqual([{ name: asked, reason: expect.stringContaining(reason) }]);
    expect(decided.changes.map((one) => one.name)).toEqual(['z.shop.test']);
  });

  it('refuses the second of two wishes for one name', () => {
    const decided = decide([], want('a.shop.test', '1.1.1.1'), want('A.shop.test.', '2.2.2.2'));
    expect(decided.refused).toHaveLength(1);
    expect(decided.changes).toHaveLength(1);
  });

  it('applied, leaves nothing to change', () => {
    const wanted = [want('a.shop.test', '1.1.1.1'), want('b.c.shop.test', '2.2.2.2', '3.3.3.3')];
    const first = decide([mark('old.shop.test', 'net_1'), set('old.shop.test', 'A', '4.4.4.4')], ...wanted);
    const after = first.changes.flatMap((one) => one.add);
    expect(decide(after, ...wanted)).toEqual({ changes: [], refused: [] });
    expect(ownedRecords(after, 'net_1').map((one) => one.name)).toEqual(['a.shop.test', 'b.c.shop.test']);
    expect(ownedRecords(after, 'net_2')).toEqual([]);
  });
});

describe('othersRecords', () => {
  it('are all but ours and the apex’s', () => {
    const theirs = [
      set('mail.shop.test', 'MX', '10 mx.test.'),
      mark('b.shop.test', 'net_2'),
      set('b.shop.test', 'A', '9.9.9.9'),
    ];
    const current = [...apex, mark('a.shop.test', 'net_1'), set('a.shop.test', 'A', '1.1.1.1'), ...theirs];
    expect(othersRecords(current, zone, 'net_1')).toEqual(theirs);
  });
});

it('counts values and characters of what is deleted and of what is added', () => {
  const change = {
    name: 'a.shop.test',
    remove: [set('a.shop.test', 'A', '10.0.0.1')],
    add: [set('a.shop.test', 'A', '10.0.0.1', '10.0.0.22'), mark('a.shop.test', 'net_1')],
  };
  expect(sizeOf(change)).toEqual({ values: 4, characters: 8 + 8 + 9 + 13 });
});
