import { expect, it } from 'vitest';
import { latestOf } from './last-change.ts';

const group = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/gw';
const since = new Date('2026-11-21T10:00:00Z');
const event = (minute: number, more: object = {}) => ({
  resourceId: group,
  operationName: { value: 'Microsoft.Network/networkSecurityGroups/write' },
  status: { value: 'Succeeded' },
  caller: 'ada@example.com',
  eventTimestamp: new Date(since.getTime() + minute * 60_000),
  ...more,
});

it('names who carried out the last change, in the resource or in something of it', () => {
  const rule = `${group}/securityRules/ssh`.toUpperCase();
  const action = 'Microsoft.Network/networkSecurityGroups/securityRules/write';
  const events = [
    event(1),
    event(5, { resourceId: rule, operationName: { value: action }, caller: 'bob@example.com' }),
    event(3),
  ];
  expect(latestOf(events, group, since)).toEqual({
    who: 'bob@example.com',
    action,
    at: new Date('2026-11-21T10:05:00Z'),
  });
});

it('passes over what failed, what was long ago, and what is about something else', () => {
  const others = [
    event(1, { status: { value: 'Failed' } }),
    event(-1),
    event(2, { resourceId: `${group}2` }),
    event(2, { operationName: { value: 'Microsoft.Network/networkSecurityGroups/read' } }),
  ];
  expect(latestOf(others, group, since)).toBeNull();
});
