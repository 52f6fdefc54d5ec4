import { Closer, createLogger, type Logger } from '@chorus/service';

export const testLog: Logger = createLogger({ service: 'redis-test', level: 'silent' });

/** What a test has started, closed after each test. */
export function closeAfterEach(): () => Closer {
  let closer = new Closer();
  afterEach(async () => {
    await closer.close();
    closer = new Closer();
  });
  return () => closer;
}

/** The error that a call rejects with; fails when it resolves. */
export function failure(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => Promise.reject(new Error('did not fail')),
    (error: unknown) => error,
  );
}
