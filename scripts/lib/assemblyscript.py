import tools
def build(): raise tools.Missing("later")
build_icepll=build_icepack=build_yosys=build
