/** Which values Route 53 takes for a record's type, and its words for those it does not. */
import { isIPv4, isIPv6 } from 'node:net';
import { normalName } from './name.ts';
import type { RecordType } from './state.ts';

const CHECKS: Readonly<Record<RecordType, { good: (value: string) => boolean; trouble: string }>> = {
  A: { good: isIPv4, trouble: 'ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)' },
  AAAA: { good: isIPv6, trouble: 'AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)' },
  CNAME: { good: isName, trouble: 'UnsupportedCharacter (Value contains unsupported characters)' },
  NS: { good: isName, trouble: 'UnsupportedCharacter (Value contains unsupported characters)' },
  TXT: {
    good: (value) => /^(?:"(?:[^"\\]|\\.){0,255}"\s*)+$/.test(value),
    trouble: 'InvalidCharacterString (Value should be enclosed in quotation marks)',
  },
  MX: {
    good: (value) => fields(value, 2) && isName(value.split(/\s+/)[1] ?? ''),
    trouble: 'MXRRDATANotTwoFields (MX record does not have 2 fields)',
  },
  SRV: {
    good: (value) => fields(value, 4) && isName(value.split(/\s+/)[3] ?? ''),
    trouble: 'SRVRRDATANotFourFields (SRV record does not have 4 fields)',
  },
  SOA: {
    good: (value) => value.split(/\s+/).length === 7,
    trouble: 'SOARRDATANotSevenFields (SOA record does not have 7 fields)',
  },
};

export const isRecordType = (text: string): text is RecordType => Object.hasOwn(CHECKS, text);

/** Undefined for a value that is taken. */
export function valueTrouble(type: RecordType, value: string): string | undefined {
  const { good, trouble } = CHECKS[type];
  return good(value) ? undefined : `FATAL problem: ${trouble} encountered with '${value}'`;
}

function isName(value: string): boolean {
  return normalName(value) !== undefined;
}

/** So many fields, all but the last numbers of 16 bits. */
function fields(value: string, count: number): boolean {
  const parts = value.split(/\s+/);
  return (
    parts.length === count &&
    parts.slice(0, -1).every((part) => /^\d{1,5}$/.test(part) && Number(part) < 65536)
  );
}
