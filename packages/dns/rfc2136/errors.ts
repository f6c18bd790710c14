/** What a name server refuses, in our words. Pure. */
import { DnsError } from '../provider.ts';
import { signatureOf } from './tsig.ts';
import { type Message, rcodeOf } from './wire.ts';

const RCODE = {
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  YXDOMAIN: 6,
  YXRRSET: 7,
} as const;
const [NXRRSET, NOTAUTH, NOTZONE] = [8, 9, 10];
const [BADSIG, BADKEY, BADTIME, BADTRUNC] = [16, 17, 18, 22];

const span = (seconds: number) => {
  const size = Math.abs(seconds);
  return size < 120
    ? `${size} s`
    : size < 7_200
      ? `${Math.round(size / 60)} min`
      : `${Math.round(size / 3_600)} h`;
};

/**
 * The failure that an answer reports, or undefined.
 * @param what was tried, as a noun phrase. @param at the server and the zone, for people.
 */
export function refusalIn(
  message: Message,
  what: string,
  at: { server: string; zone: string; keyName: string },
  now: Date,
): DnsError | undefined {
  const rcode = rcodeOf(message);
  if (rcode === 0) return undefined;
  const failed = (code: DnsError['code'], said: string, remedy?: string) =>
    new DnsError(code, `Name server ${at.server}, ${what}: ${said}`, {
      ...(remedy ? { remedy } : {}),
      cause: { rcode, tsigError: signature?.error ?? null },
    });
  const signature = signatureOf(message);
  switch (signature?.error) {
    case BADKEY:
      return failed(
        'unauthenticated',
        `it knows no key ${at.keyName} of that algorithm, or lets it do nothing here (BADKEY).`,
        'Compare name and algorithm of the key with the server’s configuration, and allow it updates and zone transfers.',
      );
    case BADSIG:
    case BADTRUNC:
      return failed(
        'unauthenticated',
        `the signature is not that of its key ${at.keyName} (BADSIG).`,
        'Copy the key’s secret from the server’s configuration again.',
      );
    case BADTIME: {
      const theirs = signature.other.length === 6 ? signature.other.readUIntBE(0, 6) : signature.timeSeconds;
      const ahead = Math.round(theirs - now.getTime() / 1000);
      return failed(
        'unauthenticated',
        `its clock is ${span(ahead)} ${ahead < 0 ? 'behind' : 'ahead of'} ours (BADTIME).`,
        'Set both clocks: they may differ by five minutes.',
      );
    }
  }
  switch (rcode) {
    case RCODE.FORMERR:
      return failed('invalid', 'it does not understand the request (FORMERR).');
    case RCODE.SERVFAIL:
      return failed('unavailable', 'it failed (SERVFAIL). Its log says why.');
    case RCODE.NOTIMP:
      return failed('invalid', 'it takes no dynamic updates (NOTIMP).', 'Switch them on for the zone.');
    case RCODE.REFUSED:
      return failed(
        'forbidden',
        `the key ${at.keyName} may not do this in ${at.zone} (REFUSED).`,
        'Allow this key updates and zone transfers.',
      );
    case RCODE.NXDOMAIN:
    case RCODE.YXDOMAIN:
    case RCODE.YXRRSET:
    case NXRRSET:
      return failed(
        'conflict',
        'a name in it is somebody else’s, or was changed meanwhile: what must stand there does not.',
      );
    case NOTAUTH:
      return failed(
        'forbidden',
        `it does not answer for ${at.zone}, or not to the key ${at.keyName} (NOTAUTH).`,
        'Make the zone on this server, as its primary, and allow this key updates and zone transfers.',
      );
    case NOTZONE:
      return failed('invalid', `a name is not in the zone ${at.zone} (NOTZONE).`);
    default:
      return failed('invalid', `it answered with code ${rcode}.`);
  }
}
