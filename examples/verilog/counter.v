// A counter with an enable, a comparator and a small state machine: enough for every pass to work on.
module counter(input wire clk, input wire reset, input wire enable, input wire [7:0] limit,
               output reg [7:0] value, output wire hit, output reg [1:0] state);
  assign hit = value == limit;
  always @(posedge clk)
    if (reset) value <= 8'd0;
    else if (enable) value <= hit ? 8'd0 : value + 8'd1;

  always @(posedge clk)
    case ({reset, state})
      3'b000: state <= enable ? 2'd1 : 2'd0;
      3'b001: state <= hit ? 2'd2 : 2'd1;
      3'b010: state <= 2'd0;
      default: state <= 2'd0;
    endcase
endmodule
