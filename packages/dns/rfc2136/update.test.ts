import { expect, it } from 'vitest';
import type { NameChange, RecordSet } from '../change-set.ts';
import { MOST_UPDATE_BYTES, updateBytes, updateSections } from './update.ts';
import { CLASS, requestBytes, TYPE } from './wire.ts';

const at = { zone: 'net.example.com', networkId: 'net_1' };
const set = (name: string, type: string, ...values: string[]): RecordSet => ({
  name,
  type,
  ttlSeconds: 60,
  values,
  plain: true,
});
const mark = (name: string) => set(`_skein.${name}`, 'TXT', '"owner=net_1"');
const typeWord = (type: number) => Object.entries(TYPE).find(([, value]) => value === type)?.[0];
const classWord = (value: number) => Object.entries(CLASS).find(([, known]) => known === value)?.[0];

/** “name type class data” of each record. */
function told(change: NameChange) {
  const words = (list: ReturnType<typeof updateSections>['updates']) =>
    list.map((one) =>
      [one.name, typeWord(one.type), classWord(one.class), one.data.toString('latin1')]
        .filter((word) => word !== '')
        .join(' '),
    );
  const { prerequisites, updates } = updateSections([change], at);
  return { must: words(prerequisites), happens: words(updates) };
}

it.each<{ title: string; change: NameChange; must: string[]; happens: string[] }>([
  {
    title: 'a new name must be free, and so must its mark',
    change: {
      name: 'a.net.example.com',
      remove: [],
      add: [mark('a.net.example.com'), set('a.net.example.com', 'A', '65.66.67.68')],
    },
    must: ['_skein.a.net.example.com ANY NONE', 'a.net.example.com ANY NONE'],
    happens: ['_skein.a.net.example.com TXT IN \u000bowner=net_1', 'a.net.example.com A IN ABCD'],
  },
  {
    title: 'the zone’s own name is always in use: its addresses must be free',
    change: {
      name: 'net.example.com',
      remove: [],
      add: [mark('net.example.com'), set('net.example.com', 'A', '65.66.67.68')],
    },
    must: ['_skein.net.example.com ANY NONE', 'net.example.com A NONE'],
    happens: ['_skein.net.example.com TXT IN \u000bowner=net_1', 'net.example.com A IN ABCD'],
  },
  {
    title: 'a name that is changed must be marked as ours',
    change: {
      name: 'a.net.example.com',
      remove: [set('a.net.example.com', 'A', '9.9.9.9')],
      add: [set('a.net.example.com', 'A', '65.66.67.68', '69.70.71.72')],
    },
    must: ['_skein.a.net.example.com TXT IN \u000bowner=net_1', 'a.net.example.com CNAME NONE'],
    happens: ['a.net.example.com A ANY', 'a.net.example.com A IN ABCD', 'a.net.example.com A IN EFGH'],
  },
  {
    title: 'a name that goes must be marked as ours, and goes with its mark',
    change: {
      name: 'a.net.example.com',
      remove: [set('a.net.example.com', 'A', '9.9.9.9'), mark('a.net.example.com')],
      add: [],
    },
    must: ['_skein.a.net.example.com TXT IN \u000bowner=net_1', 'a.net.example.com CNAME NONE'],
    happens: ['a.net.example.com A ANY', '_skein.a.net.example.com TXT ANY'],
  },
])('$title', ({ change, must, happens }) => {
  expect(told(change)).toEqual({ must, happens });
});

it('counts the bytes that a change takes, and gives what cannot be written a message of its own', () => {
  const good: NameChange = {
    name: 'a.net.example.com',
    remove: [],
    add: [mark('a.net.example.com'), set('a.net.example.com', 'A', '9.9.9.9')],
  };
  const request = (changes: NameChange[]) => {
    const { prerequisites: second, updates: third } = updateSections(changes, at);
    return requestBytes({ id: 1, opcode: 5, question: { name: at.zone, type: TYPE.SOA }, second, third })
      .length;
  };
  expect(updateBytes(good, at)).toBe(request([good]) - request([]));
  const bad = { ...good, add: [set('a.net.example.com', 'A', 'no address')] };
  expect(updateBytes(bad, at)).toBe(MOST_UPDATE_BYTES);
});
