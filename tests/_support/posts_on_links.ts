import type { SegmentTask } from "../../workers/protocol.ts";

/** Something to post on. */
export interface Post {
  postMessage(message: unknown): void;
}

/** What a plugin in the thread of a task can post on as if it were the ends of its links, by number. */
export function postsOnLinks({ links, trunk }: SegmentTask): readonly Post[] {
  return links.map(({ port }, number) => port ?? { postMessage: (message) => trunk.postMessage([number, message]) });
}
