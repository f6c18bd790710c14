import { FaultPlan } from '@skein/lab/fault/rule.ts';
import { expect, test } from 'vitest';
import { readFaultWords } from './fault-words.ts';

test.each<[string, unknown]>([
  ['', { does: 'show' }],
  ['off', { does: 'clear' }],
  ['throttle', { does: 'set', rules: [{ fault: { kind: 'throttle' } }] }],
  [
    'throttle=0.3 lose-answer=0.1 --cloud aws --seed 7',
    {
      does: 'set',
      seed: 7,
      rules: [
        { cloud: 'aws', when: { probability: 0.3 }, fault: { kind: 'throttle' } },
        { cloud: 'aws', when: { probability: 0.1 }, fault: { kind: 'lose-answer' } },
      ],
    },
  ],
  [
    'region-down --region=us-east-1',
    { does: 'set', rules: [{ region: 'us-east-1', fault: { kind: 'region-down', how: 'cut' } }] },
  ],
  ['stale=2 --changes', { does: 'set', rules: [{ mutating: true, fault: { kind: 'stale', seconds: 2 } }] }],
  [
    'quota --action CreateVpc',
    { does: 'set', rules: [{ action: 'CreateVpc', fault: { kind: 'quota', limit: 0 } }] },
  ],
  [
    'deny=ec2:CreateVpc,ec2:Run*',
    { does: 'set', rules: [{ fault: { kind: 'deny', permissions: ['ec2:CreateVpc', 'ec2:Run*'] } }] },
  ],
])('“%s”', (words, expected) => {
  const read = readFaultWords(words.split(' ').filter(Boolean));
  expect(read).toEqual(expected);
  if (read.does === 'set') FaultPlan.parse({ rules: read.rules });
});

test.each([
  ['flood', 'There is no fault “flood”'],
  ['throttle=3', 'from 0 to 1'],
  ['stale', 'stale needs a number'],
  ['delay=0.5', 'whole number'],
  ['--cloud oracle throttle', 'There is no cloud “oracle”'],
  ['--cloud', 'needs a value'],
  ['--cloud aws', 'Say which fault'],
  ['off --cloud aws', 'stands alone'],
  ['deny', 'needs permissions'],
])('“%s” is refused', (words, why) => {
  expect(() => readFaultWords(words.split(' '))).toThrow(why);
});
