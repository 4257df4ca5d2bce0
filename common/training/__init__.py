"""The training core: a sector hands over a `Task`, the core trains it anywhere into a run folder.

`task` and `config` say what is trained and how; `loop.fit` trains a network, `boosting.fit_booster` trees;
`launch.train` does so in this process or in several. Nothing here imports torch before it is needed.
"""
