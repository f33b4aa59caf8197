// All tools, in the order in which they are shown: the model of the bot, tasks and MCP have the same.
import { readPhrase } from '../phrases/read.ts';
import { scheduleControl } from './schedule_control.ts';
import { scheduleCreate } from './schedule_create.ts';
import { scheduleEdit } from './schedule_edit.ts';
import { scheduleFollowup } from './schedule_followup.ts';
import { schedulePreview } from './schedule_preview.ts';
import { scheduleRuns } from './schedule_runs.ts';
import { scheduleSearch } from './schedule_search.ts';
import type { ReadPhrase, Tool } from './tool.ts';

/** The tools, with whoever reads phrases. */
export const makeTools = ({ readPhrase }: { readPhrase: ReadPhrase }): readonly Tool[] => [
  schedulePreview(readPhrase),
  scheduleCreate(readPhrase),
  scheduleSearch(),
  scheduleRuns(),
  scheduleEdit(readPhrase),
  scheduleControl(readPhrase),
  scheduleFollowup(readPhrase),
];

export const tools: readonly Tool[] = makeTools({ readPhrase });
