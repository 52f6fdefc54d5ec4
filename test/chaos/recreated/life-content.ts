/** The content of a message, which tells the life of the room that it was sent in. */
export function lifeContent(roomId: number, life: number): string {
  return `room ${roomId}, life ${life}`;
}

/** The life that a content tells; 0 for any other. */
export function lifeOf(content: string): number {
  return Number(/ life (\d+)$/.exec(content)?.[1] ?? 0);
}
