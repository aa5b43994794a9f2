"""The course's exercises: what must be true, hints, solutions, progress. Knows no IPython.

course                  the one ordered table: every lesson, every exercise
l01_list …              a lesson's exercises, as data and short checks
desk                    what `%docker check`, `hint`, `solution`, `prepare`, `reset`, `progress` do
progress                the readable file beside the learner's notebooks
cards                   what is displayed
asking                  a check's questions to the engine: `Asker`, `NotYet`
making                  what `prepare` makes, and what may be removed
exercise                `Exercise` and `Lesson`: plain data
"""
