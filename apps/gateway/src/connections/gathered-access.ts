import type { AccessList, AccessVerdict, RoomSubject, RoomVerdict, Subject } from '@chorus/control';

type Asked = Pick<AccessList, 'check' | 'checkRooms'>;

/** Asks the access list about the subjects of one tick of the event loop together. Fails as the list does, for all of them. */
export class GatheredAccess implements Asked {
  readonly check: (subjects: readonly Subject[]) => Promise<AccessVerdict[]>;
  readonly checkRooms: (subjects: readonly RoomSubject[]) => Promise<RoomVerdict[]>;

  constructor(access: Asked) {
    this.check = gathered((subjects: readonly Subject[]) => access.check(subjects));
    this.checkRooms = gathered((subjects: readonly RoomSubject[]) => access.checkRooms(subjects));
  }
}

/** @param ask returns one answer per item, in order */
function gathered<T, R>(ask: (items: readonly T[]) => Promise<R[]>): (items: readonly T[]) => Promise<R[]> {
  let items: T[] = [];
  let answers: Promise<R[]> | undefined;
  return async (more) => {
    const from = items.length;
    items.push(...more);
    answers ??= new Promise((resolve, reject) => {
      setImmediate(() => {
        const all = items;
        items = [];
        answers = undefined;
        ask(all).then(resolve, reject);
      });
    });
    return (await answers).slice(from, from + more.length);
  };
}
