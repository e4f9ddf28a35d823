"""Names and words of the demo. Documents begin with 99, phones with 90000, addresses are at example.com:
none of them can be anybody's."""

from __future__ import annotations

FIRST = """
    Ana Beatriz Camila Daniela Eduarda Fernanda Gabriela Helena Isabela Juliana Larissa Mariana Natália
    Patrícia Renata Sofia Tatiane Vitória André Bruno Caio Diego Eduardo Felipe Gustavo Henrique Igor
    João Leonardo Marcelo Otávio Paulo Rafael Rodrigo Thiago Vinícius
""".split()  # noqa: SIM905
LAST = """
    Almeida Azevedo Barbosa Barros Cardoso Carvalho Castro Correia Costa Dias Duarte Farias Fonseca
    Freitas Gomes Lacerda Lima Lopes Machado Martins Medeiros Melo Monteiro Moreira Nogueira Nunes
    Pereira Pinto Queiroz Ramos Ribeiro Rocha Sales Santana Siqueira Tavares Teixeira Vasconcelos Vieira
""".split()  # noqa: SIM905
TRADES = (
    "Padaria",
    "Clínica",
    "Construtora",
    "Escola",
    "Farmácia",
    "Academia",
    "Imobiliária",
    "Restaurante",
    "Pousada",
    "Laboratório",
    "Transportadora",
    "Cervejaria",
    "Livraria",
    "Oficina",
    "Ótica",
    "Floricultura",
    "Cafeteria",
    "Papelaria",
    "Confecções",
    "Advocacia",
)
PLACES = (
    "São José",
    "Boa Vista",
    "do Porto",
    "Serra Azul",
    "Santa Clara",
    "Bela Aurora",
    "Três Irmãos",
    "Vale Verde",
    "Nova Era",
    "das Palmeiras",
    "Horizonte",
    "Primavera",
    "do Farol",
    "Monte Alto",
    "Água Viva",
    "Pedra Branca",
    "Estrela",
    "Rio Claro",
    "Bom Jardim",
    "União",
)
WORKS = (
    ("Site institucional", 12_000),
    ("Loja virtual", 26_000),
    ("Identidade visual", 9_000),
    ("Campanha de lançamento", 18_000),
    ("Vídeo institucional", 15_000),
    ("Produção de conteúdo", 6_000),
    ("Reformulação do blog", 7_500),
    ("Landing page", 3_800),
    ("Auditoria de SEO", 5_200),
    ("Material impresso", 4_400),
    ("Cobertura de evento", 6_800),
    ("Aplicativo", 42_000),
)
RETAINERS = (
    ("Gestão de redes sociais", 2_400),
    ("Mídia paga", 3_900),
    ("SEO contínuo", 2_900),
    ("Assessoria completa", 7_800),
    ("Suporte e hospedagem", 950),
    ("E-mail marketing", 1_600),
)
# Source of a lead, its weight, and the share of its leads that are won.
SOURCES = (
    ("Indicação", 22, 0.42),
    ("Google", 26, 0.22),
    ("Instagram", 18, 0.15),
    ("Site", 14, 0.24),
    ("LinkedIn", 9, 0.2),
    ("Evento", 6, 0.3),
    ("WhatsApp", 5, 0.18),
)
PRAISE = (
    "Entregaram antes do prazo.",
    "Equipe atenciosa e criativa.",
    "O resultado superou o esperado.",
    "Comunicação clara do começo ao fim.",
    "Recomendo.",
)
NEUTRAL = ("Bom trabalho, com pequenos atrasos.", "Atendeu ao combinado.", "Faltaram relatórios mais claros.")
COMPLAINT = (
    "O prazo não foi cumprido.",
    "Tive que pedir as mesmas correções várias vezes.",
    "O atendimento demorou a responder.",
)
# Work that begins, month by month: summer and Carnival are quiet, Black Friday and the year's end are not.
SEASON = (0.62, 0.68, 1.0, 1.0, 1.05, 0.95, 0.9, 1.05, 1.1, 1.2, 1.4, 0.75)
