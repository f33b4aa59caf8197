-- Up Migration

comment on type chime.catch_up_policy is 'Which of the fires that were missed are run, once pgchime is back: the latest, all, the earliest, or none. All are queued together, whatever the overlap policy, unless a run from before is not finished.';
