"""The controller: a recurrent network that chooses an architecture gene by gene.

Source: Zoph and Le: Neural Architecture Search with Reinforcement Learning, ICLR 2017, section
3.1: an LSTM that reads its last choice and gives a softmax over the options of the next gene.
The squashed logits and the initial range of the weights are those of Pham et al.: Efficient
Neural Architecture Search via Parameter Sharing, ICML 2018 (micro controller).

Departures: one layer instead of two; each gene has a learned bias per option beside its softmax
weights, so that preferences that depend on nothing before them are learned in few steps. The
squash bounds a logit by `squash` itself; with the 1.1 of Pham et al. no choice of five could
become likelier than 0.69, too little for a search of a few hundred evaluations.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from searches.spaces.base import Gene

INITIAL_RANGE = 0.1
# Logit of an option that a gene does not have: its probability is exactly 0, and so is p log p.
MASKED = -1e9


class Controller(nn.Module):
    """A distribution over genotypes: each gene given the genes before it.

    A gene that is inactive gets option 0, with no choice and no log-probability; the LSTM reads
    the start token in its place.

    Args:
        genes: of the space; n_genes of them with at most n_options options.
        hidden: width of the embedding and of the LSTM.
        squash: bound on the size of a logit, by tanh.
        generator: draws the initial weights.
    """

    def __init__(
        self, genes: Sequence[Gene], *, hidden: int, squash: float, generator: torch.Generator
    ):
        super().__init__()
        self.squash = squash
        sizes = torch.tensor([len(gene.options) for gene in genes])
        n_rows, n_options = int(sizes.sum()), torch.arange(int(sizes.max()))
        self.first = torch.cumsum(sizes, 0) - sizes  # [n_genes] row of each gene's option 0
        self.is_missing = n_options >= sizes[:, None]  # [n_genes, n_options]
        self.rows = (self.first[:, None] + n_options) * ~self.is_missing
        self.tokens = nn.Embedding(1 + n_rows, hidden)  # token 0: start, or inactive
        self.lstm = nn.LSTM(hidden, hidden, batch_first=True)
        self.weights = nn.Embedding(n_rows, hidden)
        self.biases = nn.Embedding(n_rows, 1)
        # A gene without a controller is active by its own option, which is at least 0.
        rulers = [i if g.controller is None else g.controller for i, g in enumerate(genes)]
        self.ruler = torch.tensor(rulers)
        self.least = torch.tensor([0 if g.controller is None else g.least for g in genes])
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -INITIAL_RANGE, INITIAL_RANGE, generator=generator)

    @torch.no_grad()
    def draw(self, n: int, generator: torch.Generator) -> Tensor:
        """[n, n_genes] options, int64; 0 where a gene is inactive."""
        n_genes = len(self.ruler)
        genes = torch.zeros(n, n_genes, dtype=torch.long)
        token = torch.zeros(n, dtype=torch.long)
        seen = memory = self.tokens.weight.new_zeros(n, self.lstm.hidden_size)
        weights, biases = self.weights(self.rows), self.biases(self.rows)[..., 0]
        for gene in range(n_genes):
            read = self.tokens.weight[token]
            seen, memory = torch.lstm_cell(read, (seen, memory), *self.lstm.all_weights[0])
            logits = self._squashed(seen @ weights[gene].T + biases[gene], gene)
            option = torch.multinomial(logits.softmax(-1), 1, generator=generator)[:, 0]
            genes[:, gene] = option  # a gene may be its own ruler
            is_active = genes[:, self.ruler[gene]] >= self.least[gene]
            genes[:, gene] = option * is_active
            token = (1 + self.first[gene] + option) * is_active
        return genes

    def forward(self, genes: Tensor) -> tuple[Tensor, Tensor]:
        """Log-probability of each choice, and the entropy of the softmax it was drawn from.

        Args:
            genes: [n, n_genes] options, canonical.

        Returns:
            Two times [n, n_genes], in nats; 0 where a gene is inactive.
        """
        is_active = genes[:, self.ruler] >= self.least  # [n, n_genes]
        tokens = (1 + self.first + genes) * is_active
        before = torch.cat([torch.zeros_like(tokens[:, :1]), tokens[:, :-1]], dim=1)
        seen, _ = self.lstm(self.tokens(before))  # [n, n_genes, hidden]
        scores = torch.einsum("ngh,goh->ngo", seen, self.weights(self.rows))
        logits = self._squashed(scores + self.biases(self.rows)[..., 0], slice(None))
        logs = logits.log_softmax(-1)  # [n, n_genes, n_options]
        chosen = logs.gather(-1, genes[..., None])[..., 0]
        entropies = -(logs.exp() * logs).sum(-1)
        return chosen * is_active, entropies * is_active

    def _squashed(self, scores: Tensor, genes: int | slice) -> Tensor:
        squashed = self.squash * torch.tanh(scores / self.squash)
        return squashed.masked_fill(self.is_missing[genes], MASKED)
