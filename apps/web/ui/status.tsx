/** What state something is in: always an icon and a word, the colour only helps. */
import {
  CircleAlert,
  CircleCheck,
  CircleDashed,
  CircleDot,
  CirclePause,
  CircleSlash,
  CircleX,
  LoaderCircle,
  type LucideIcon,
} from 'lucide-react';

type Tone = 'good' | 'warn' | 'bad' | 'busy' | 'still';
const TONES: Record<Tone, string> = {
  good: 'text-good bg-good-soft',
  warn: 'text-warn bg-warn-soft',
  bad: 'text-bad bg-bad-soft',
  busy: 'text-accent bg-accent-soft',
  still: 'text-quiet bg-sunken',
};

const STATES: Record<string, [tone: Tone, icon: LucideIcon, word: string]> = {
  provisioning: ['busy', LoaderCircle, 'Provisioning'],
  ready: ['good', CircleCheck, 'Ready'],
  'not-ready': ['bad', CircleX, 'Not ready'],
  degraded: ['warn', CircleAlert, 'Degraded'],
  deleting: ['busy', LoaderCircle, 'Deleting'],
  deleted: ['still', CircleSlash, 'Deleted'],
  failed: ['bad', CircleX, 'Failed'],
  expected: ['busy', CircleDashed, 'Expected'],
  connected: ['good', CircleCheck, 'Connected'],
  disconnected: ['bad', CircleX, 'Disconnected'],
  removed: ['still', CircleSlash, 'Removed'],
  queued: ['still', CircleDashed, 'Queued'],
  running: ['busy', LoaderCircle, 'Running'],
  cancelling: ['warn', LoaderCircle, 'Cancelling'],
  cancelled: ['still', CircleSlash, 'Cancelled'],
  succeeded: ['good', CircleCheck, 'Succeeded'],
  waiting: ['still', CircleDashed, 'Waiting'],
  up: ['good', CircleCheck, 'Up'],
  idle: ['still', CirclePause, 'Idle'],
  down: ['bad', CircleX, 'Down'],
  wanted: ['busy', CircleDashed, 'Wanted'],
  present: ['good', CircleCheck, 'Present'],
  gone: ['still', CircleSlash, 'Gone'],
  open: ['warn', CircleAlert, 'Open'],
  healing: ['busy', LoaderCircle, 'Being mended'],
  healed: ['good', CircleCheck, 'Mended'],
  dismissed: ['still', CirclePause, 'Dismissed'],
  verified: ['good', CircleCheck, 'Verified'],
  refused: ['bad', CircleX, 'Refused'],
  usable: ['good', CircleCheck, 'Usable'],
  'used-up': ['still', CircleSlash, 'Used up'],
  revoked: ['still', CircleSlash, 'Revoked'],
  expired: ['still', CircleSlash, 'Expired'],
  ok: ['good', CircleCheck, 'There'],
  missing: ['bad', CircleX, 'Missing'],
  unknown: ['warn', CircleAlert, 'Not known'],
  unverified: ['still', CircleDot, 'Not asked yet'],
};

const lookOf = (state: string) => STATES[state] ?? (['still', CircleDot, state] as const);

export function Status({ state, bare = false }: { state: string; bare?: boolean }) {
  const [tone, Icon, word] = lookOf(state);
  const look = bare ? (TONES[tone].split(' ')[0] ?? '') : `${TONES[tone]} rounded-full py-0.5 pr-2.5 pl-1.5`;
  return (
    <span
      data-state={state}
      className={`inline-flex items-center gap-1.5 align-middle whitespace-nowrap text-sm font-medium ${look}`}
    >
      <Icon size={15} strokeWidth={2.2} className={Icon === LoaderCircle ? 'turning' : ''} aria-hidden />
      {word}
    </span>
  );
}

export function StatusIcon({ state, size = 18 }: { state: string; size?: number }) {
  const [tone, Icon, word] = lookOf(state);
  return (
    <Icon
      size={size}
      strokeWidth={2.1}
      role="img"
      aria-label={word}
      className={`shrink-0 ${TONES[tone].split(' ')[0]} ${Icon === LoaderCircle ? 'turning' : ''}`}
    />
  );
}
