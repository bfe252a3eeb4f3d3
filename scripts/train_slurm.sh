#!/bin/bash
# Train on several nodes under Slurm, one process a node with all GPUs of its node:
#
#   sbatch --nodes=2 --gpus-per-node=4 scripts/train_slurm.sh configs/cervix_cnn.yaml runs/cervix [KEY=VALUE]...
#
# The folder must be one that all nodes see, and cervinet must be installed on each. A job that is put back into the
# queue, or sent again with the same two paths, goes on from its last checkpoint.
#SBATCH --job-name=cervinet
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=16
#SBATCH --time=12:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=%x-%j.log
# Every process gets SIGTERM two minutes before the time is up: they stop at the same step and leave a checkpoint.
#SBATCH --signal=TERM@120

set -euo pipefail

if [[ $# -lt 2 ]]; then
  echo "usage: sbatch [OPTIONS] scripts/train_slurm.sh CONFIG RUN [KEY=VALUE]..." >&2
  exit 2
fi
config=$1
run=$2
shift 2

if [[ -d "$run/checkpoints" ]]; then
  command=(cervinet train --resume "$run")
else
  command=(cervinet train --config "$config" --run-dir "$run" "$@")
fi

srun --kill-on-bad-exit=1 --distribution=block "${command[@]}"
