/** Numbers and times in words, with their units. */

/** How long ago, or in how long: “now”, “12 s ago”, “in 3 days”. Both in milliseconds. */
export function agoOf(at: number, now: number): string {
  const seconds = Math.round(Math.abs(now - at) / 1000);
  const text =
    seconds < 5
      ? null
      : seconds < 60
        ? `${seconds} s`
        : seconds < 3600
          ? `${Math.floor(seconds / 60)} min`
          : seconds < 86_400
            ? `${Math.floor(seconds / 3600)} h`
            : plural(Math.floor(seconds / 86_400), 'day');
  if (text === null) return 'now';
  return at <= now ? `${text} ago` : `in ${text}`;
}

/** 340 ms, 4.2 s, 3 min 20 s. */
export function durationOf(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/** 512 B, 1.4 KB, 20 MB, in powers of 1,000. */
export function bytesOf(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let left = bytes;
  let unit = 0;
  while (left >= 1000 && unit < units.length - 1) {
    left /= 1000;
    unit++;
  }
  return `${unit === 0 || left >= 100 ? Math.round(left) : left.toFixed(1)} ${units[unit]}`;
}

/** 0.42 ms, 12.3 ms, 140 ms. */
export function rttOf(milliseconds: number | null): string {
  if (milliseconds === null) return '–';
  if (milliseconds < 1) return `${milliseconds.toFixed(2)} ms`;
  return `${milliseconds < 100 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

export const PROVIDER_NAMES: Record<string, string> = {
  aws: 'AWS',
  gcp: 'Google Cloud',
  azure: 'Azure',
  rfc2136: 'Name server (RFC 2136)',
  powerdns: 'PowerDNS',
};
export const providerName = (id: string | null) => (id === null ? 'Plain hosts' : (PROVIDER_NAMES[id] ?? id));
