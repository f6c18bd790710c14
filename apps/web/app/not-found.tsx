import Link from 'next/link';
import { Wordmark } from '../ui/wordmark.tsx';

export default function NotFound() {
  return (
    <main className="mx-auto flex min-h-dvh max-w-md flex-col justify-center gap-4 px-6">
      <Wordmark />
      <h1 className="text-2xl font-semibold tracking-tight">There is nothing here</h1>
      <p className="text-quiet">It may have been deleted, or belong to another organization.</p>
      <p>
        <Link href="/" className="text-accent underline underline-offset-4">
          Back to your networks
        </Link>
      </p>
    </main>
  );
}
