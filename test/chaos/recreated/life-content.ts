/** Returns the content of a message, which names the life of the room in which it was sent. */
export function lifeContent(roomId: number, life: number): string {
  return `room ${roomId}, life ${life}`;
}

/** Returns the life that a content names; 0 for any other content. */
export function lifeOf(content: string): number {
  return Number(/ life (\d+)$/.exec(content)?.[1] ?? 0);
}
