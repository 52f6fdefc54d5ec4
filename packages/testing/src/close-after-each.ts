import { Closer } from '@chorus/service';

/** Returns the closer of the running test: what is added to it is closed after the test. Called within `describe`. */
export function closeAfterEach(): () => Closer {
  let closer = new Closer();
  afterEach(async () => {
    const closing = closer;
    closer = new Closer();
    await closing.close();
  });
  return () => closer;
}
