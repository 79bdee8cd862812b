#!/bin/bash
# Trains on several machines under Slurm:
#   sbatch --nodes=4 --gpus-per-node=8 scripts/train_slurm.sh CONFIG [key=value ...]
#SBATCH --job-name=seagull-train
#SBATCH --ntasks-per-node=1
set -euo pipefail
# sed reads to the end: head would go away first, and scontrol fail by SIGPIPE.
master=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | sed -n 1p)
export master
srun bash -c 'exec seagull train "$@" --nproc "${SLURM_GPUS_ON_NODE:-1}" \
  --nnodes "$SLURM_JOB_NUM_NODES" --node-rank "$SLURM_NODEID" --master "$master:29517"' train "$@"
